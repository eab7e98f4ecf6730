"""Import of PyBattML jobs: selection of dropped or chosen paths, page by page import, and a report per job."""
