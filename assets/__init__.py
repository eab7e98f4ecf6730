"""Icons, themes and job templates, installed as vestim_assets and read through importlib.resources."""
