"""The data files of `yottalabs_api`: the contract."""

from PyInstaller.utils.hooks import collect_data_files

datas = collect_data_files("yottalabs_api")
