"""What setup.cfg cannot say: packages that are found, beside one that has another name than its folder."""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["vestim_core*", "vestim_gui*"]), "vestim_assets"])
