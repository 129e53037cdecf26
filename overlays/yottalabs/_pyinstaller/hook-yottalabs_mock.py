"""The data files of `yottalabs_mock`: the contract."""

from PyInstaller.utils.hooks import collect_data_files

datas = collect_data_files("yottalabs_mock")
