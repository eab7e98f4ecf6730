# ruff: noqa: E501 (lines written by other programs)
"""One small invented test in the file format of each vendor, with the peculiarities that break readers.

`TRUTH` holds the values of every file; `VENDOR_FORMATS` writes it as each vendor's program would.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import h5py
import numpy as np
import scipy.io

ROWS = 120  # seconds of test, one row each


def _truth() -> dict[str, np.ndarray]:
    time_s = np.arange(ROWS, dtype=np.float64)
    current_A = np.select([time_s < 20, time_s < 60, time_s < 70, time_s < 100], [0.0, -4.0, 0.0, 2.5], 0.0)
    current_A[100:] = np.tile([3.0, -3.0, 1.5, -6.0], 5)
    charge_Ah = np.concatenate(([0.0], np.cumsum(current_A[:-1]))) / 3600
    soc = 0.6 + charge_Ah / 5.0
    noise = np.random.default_rng(7)
    voltage_V = 3.5 + 0.8 * (soc - 0.6) + 0.02 * current_A + noise.normal(0, 2e-4, ROWS)
    temperature_degC = 24 + 3 * time_s / ROWS + noise.normal(0, 0.02, ROWS)
    return {
        "time_s": time_s,
        "voltage_V": np.round(voltage_V, 5),
        "current_A": current_A,
        "temperature_degC": np.round(temperature_degC, 3),
        "soc": np.round(soc, 7),
    }


TRUTH = _truth()
Row = tuple[float, float, float, float, float]


def rows() -> list[Row]:
    """time, voltage, current, temperature and SOC of each row."""
    return list(zip(*(TRUTH[name].tolist() for name in TRUTH), strict=True))


def _clock_text(seconds: float, digits: int = 3) -> str:
    hours, below_hour_s = divmod(seconds, 3600)
    minutes, remainder_s = divmod(below_hour_s, 60)
    return f"{int(hours):02d}:{int(minutes):02d}:{remainder_s:0{digits + 3 if digits else 2}.{digits}f}"


def _step_number(time_s: float) -> int:
    return 1 + sum(time_s >= limit for limit in (20, 60, 70, 100))


def _join_lines(lines: Iterable[str], ending: str = "\r\n") -> str:
    return ending.join(lines) + ending


def arbin(path: Path) -> Path:
    """Byte order mark, a tab before the date, two rows a millisecond apart at the first step change."""
    head = "Data Point,Date Time,Test Time (s),Step Index,Cycle Index,Current (A),Voltage (V),Charge Capacity (Ah),"
    lines = [head + "Aux_Temperature_1 (C)"]
    for k, (t, v, i, temperature, _) in enumerate(rows()):
        if k == 20:
            lines.append(f"0,\t03/02/2026 08:00:19.999,{t + 29.999:.4f},1,1,0,{v:.5f},0,{temperature}")
        lines.append(
            f"{k + 1},\t03/02/2026 08:00:{k % 60:02d}.000,{t + 30:.4f},{_step_number(t)},1,{i},{v:.5f},0,{temperature}"
        )
    path.write_bytes(b"\xef\xbb\xbf" + _join_lines(lines).encode())
    return path


def digatron(path: Path) -> Path:
    """A long preamble, a line of units, an empty last column, a time that exceeds 24 h."""
    lines = ["", *(f"Property {k},value {k}" for k in range(26)), "Section,Test,Drive", ""]
    lines.append("Time Stamp,Step,Status,Prog Time,Step Time,Procedure,Voltage,Current,Temperature,Cnt,")
    lines.append(",,,,,,[V],[A],[C],[Cnt],")
    for t, v, i, temperature, _ in rows():
        clock = _clock_text(86370 + t)
        lines.append(f"3/2/2026 8:00:00 AM,{_step_number(t)},PAU,{clock},00:00:00.000,DEMO,{v},{i},{temperature},1.0,")
    path.write_text(_join_lines(lines), encoding="utf-8")
    return path


def digatron_hash(path: Path) -> Path:
    """Headers of the form `name#unit`."""
    lines = ["Step,Status,Timestamp,Program Duration#s,Step Duration#s,Procedure,Voltage#V,Current#A,T1#degC"]
    for t, v, i, temperature, _ in rows():
        stamp = f"2026-03-02 08:{int(t) // 60:02d}:{int(t) % 60:02d}.004000+00:00"
        lines.append(f"{_step_number(t)},PAU,{stamp},{t:.3f},0.000,DEMO,{v},{i},{temperature}")
    path.write_text(_join_lines(lines), encoding="utf-8")
    return path


def neware_zh(path: Path) -> Path:
    """GBK, Chinese names, mA, a time that restarts with each step; the last row of a step appears twice."""
    lines = ["数据序号,循环号,工步号,工步类型,时间,电流(mA),电压(V),绝对时间,T1(℃)"]
    starts = [0, 20, 60, 70, 100]
    for k, (t, v, i, temperature, _) in enumerate(rows()):
        start = max(start for start in starts if start <= t)
        date = f"2026-03-02  08:{k // 60:02d}:{k % 60:02d}"
        if k in starts[1:]:
            previous_start = max(previous for previous in starts if previous < start)
            previous_current = TRUTH["current_A"][k - 1] * 1000
            lines.append(
                f"0,1,1,搁置,{_clock_text(t - previous_start, 0)},{previous_current:.1f},{v},{date},{temperature}"
            )
        lines.append(
            f"{k + 1},1,{_step_number(t)},搁置,{_clock_text(t - start, 0)},{i * 1000:.1f},{v},{date},{temperature}"
        )
    path.write_bytes(_join_lines(lines).encode("gbk"))
    return path


def neware_layered(path: Path) -> Path:
    """Lines of cycles and steps between the records; a lost degree sign."""
    lines = [
        "Cycle Index,Chg. Cap.(Ah),DChg. Cap.(Ah),Chg. Time",
        ",Step Index,Step Type,Step Time,Capacity(Ah),End Voltage(V)",
        ",,DataPoint,Time,Total Time,Current(A),Voltage(V),Date,T1(?)",
        "1,0.2,0.5,00:01:00,1,Rest,00:00:20,0.0,3.9",
    ]
    for k, (t, v, i, temperature, _) in enumerate(rows()):
        if k == 20:
            lines.append(",2,CC DChg,00:00:40,0.05,3.4")
        lines.append(f",,{k + 1},{_clock_text(t, 0)},{_clock_text(t, 0)},{i},{v},2026-03-02 08:00:00,{temperature}")
    path.write_text(_join_lines(lines), encoding="utf-8")
    return path


def maccor(path: Path) -> Path:
    """Unsigned current in mA with thousands separators and a letter for its sign, Latin-1, days in the time."""
    lines = ["Today''s Date\t03/03/2026", "", "Procedure:\tPrüfung 25 °C", ""]
    lines.append("Rec#\tCyc#\tStep\tTestTime\tStepTime\tmAmp-hr\tmAmps\tVolts\tState\tTemp 1\t")
    for k, (t, v, i, temperature, _) in enumerate(rows()):
        days, seconds = divmod(86370 + t, 86400)
        state = "C" if i > 0 else "D" if i < 0 else "R"
        times = f"  {int(days)}d {_clock_text(seconds, 1)}\t  0d 00:00:00.0"
        lines.append(
            f"{9390 + k:,}\t0\t{_step_number(t)}\t{times}\t0.0\t{abs(i) * 1000:,.3f}\t{v}\t{state}\t{temperature}\t"
        )
    path.write_bytes(_join_lines(lines).encode("latin-1"))
    return path


def biologic(path: Path) -> Path:
    """Counted header lines, Latin-1, mA, decimal comma, exponents of three digits."""
    lines = [
        "EC-Lab ASCII FILE",
        "Nb header lines : 6",
        "",
        "Comments : Prüfling, 25 °C",
        "Ecell ctrl range : min = 0,00 V",
    ]
    lines.append("mode\tNs\ttime/s\tEcell/V\tI/mA\tTemperature/°C\tcycle number\t")
    for t, v, i, temperature, _ in rows():
        fields = [f"{t:.15E}", f"{v:.7E}", f"{i * 1000:.7E}", f"{temperature:.7E}", "0.0E+000"]
        lines.append("\t".join(["3", str(_step_number(t)), *fields]).replace(".", ",") + "\t")
    path.write_bytes(_join_lines(lines).encode("latin-1"))
    return path


def novonix(path: Path) -> Path:
    """Sections, a line of JSON full of commas, hours; the instrument's temperature next to the cell's."""
    lines = ["[Summary]", "Novonix UHPC data file", "[End Summary]", '{"a":1,"b":[{"c":2,"d":"rest, then"}]}', "[Data]"]
    lines.append(
        "Date and Time,Run Time (h),Step Time (h),Current (A),Potential (V),Temperature (°C),Circuit Temperature (°C)"
    )
    lines += [f"2026-03-02 08:00:00,{t / 3600:.9f},0,{i},{v},{x},{x + 9}" for t, v, i, x, _ in rows()]
    path.write_text(_join_lines(lines), encoding="utf-8")
    return path


def basytec(path: Path) -> Path:
    """`~` before comments and names, Latin-1, hours with exponents."""
    lines = ["~Resultfile from Basytec Battery Test System", "~Operator: Prüfer", "~"]
    lines.append("~Time[h]\tDataSet\tt-Step[h]\tLine\tCommand\tU[V]\tI[A]\tT1[°C]")
    lines += [
        f"{t / 3600:.10g}\t{k}\t0\t{_step_number(t)}\tPause\t{v}\t{i}\t{x}" for k, (t, v, i, x, _) in enumerate(rows())
    ]
    path.write_bytes(_join_lines(lines).encode("latin-1"))
    return path


def pec(path: Path) -> Path:
    """Properties, a small unrelated table, mV and mA, a trailing comma, three temperatures."""
    lines = ["TestRegime Name:,Demo", 'Operator Instructions:,"cell on TC-K, ambient on NTC"', "#RESULTS CHECK"]
    lines += ["ReqYear,Test,CellNr,Type,Value,Reason,", "2026,42,1,1,4016,3,", "#END RESULTS CHECK"]
    lines.append(
        "Test,Step,Cycle,Total Time (Seconds),Load On Time (Seconds),Step Time (Seconds),Position Start Time,Voltage (mV),"
        "Current (mA),Ambient temperature (°C),Cell surface temperature (°C),Board temperature (°C),"
    )
    for t, v, i, temperature, _ in rows():
        lines.append(
            f"42,{_step_number(t)},0,{t:g},0,0,03/02/2026,{v * 1000:.2f},{i * 1000:.1f},25.0,{temperature},31.5,"
        )
    path.write_text(_join_lines(lines), encoding="utf-8")
    return path


def landt(path: Path) -> Path:
    """Every data line has one comma more than the header."""
    lines = ["cell model:,demo,,,,,,,", "Nominal energy: Wh,,,,,,,,"]
    lines.append(
        "channel_index,cycle_index,step_index,date_time_iso_string,test_time_s,current_A,voltage_V,temperature_1_C,step_name"
    )
    lines += [f"1,1,{_step_number(t)},03/02/2026 08:00:00,{t + 0.02:.3f},{i},{v},{x},rest," for t, v, i, x, _ in rows()]
    path.write_text(_join_lines(lines), encoding="utf-8")
    return path


def bdf(path: Path) -> Path:
    """Preferred labels."""
    lines = ["Test Time / s,Voltage / V,Current / A,Unix Time / s,Step Count / 1,Surface Temperature / degC"]
    lines += [f"{t},{v},{i},{1772438400 + t},{_step_number(t)},{x}" for t, v, i, x, _ in rows()]
    path.write_text(_join_lines(lines, "\n"), encoding="utf-8")
    return path


def bdf_machine(path: Path) -> Path:
    """Machine-readable names."""
    lines = ["test_time_second,voltage_volt,current_ampere,step_count,temperature_t1_celsius"]
    lines += [f"{t},{v},{i},{_step_number(t)},{x}" for t, v, i, x, _ in rows()]
    path.write_text(_join_lines(lines, "\n"), encoding="utf-8")
    return path


def plain(path: Path) -> Path:
    """No units, time as a date with the month's name."""
    lines = ["Timestamp,SOC,Current,Temp,Voltage"]
    for t, v, i, temperature, soc in rows():
        lines.append(f"02-Mar-2026 08:{int(t) // 60:02d}:{int(t) % 60:02d},{soc},{i},{temperature},{v}")
    path.write_text(_join_lines(lines, "\n"), encoding="utf-8")
    return path


def plain_semicolon(path: Path) -> Path:
    """Semicolons, decimal comma, a line of units, SOC in percent, kelvin, minutes."""
    lines = ["Time;Voltage;Current;Temperature;SOC", "min;mV;A;K;%"]
    for t, v, i, temperature, soc in rows():
        lines.append(f"{t / 60:.9f};{v * 1000:.2f};{i};{temperature + 273.15:.3f};{soc * 100:.5f}".replace(".", ","))
    path.write_bytes(_join_lines(lines).encode("latin-1"))
    return path


def row_names(path: Path) -> Path:
    """As written by R: a name for each row, and no header for that column."""
    lines = ["Time,Voltage,Current,Temperature,SOC"]
    lines += [f"{k + 1},{t},{v},{i},{x},{soc}" for k, (t, v, i, x, soc) in enumerate(rows())]
    path.write_text(_join_lines(lines, "\n"), encoding="utf-8")
    return path


def stla(path: Path) -> Path:
    """A sheet with the fields of the MATLAB struct; time does not start at 0."""
    header: list[Any] = ["TimeStamp", "Time", "Voltage", "Current", "SOC", "Battery_Temp_degC", "Ambient_Temp_degC"]
    body = [["02-Mar-2026", t + 7200.25, v, i, soc, x, 25.0] for t, v, i, x, soc in rows()]
    return xlsx(path, {"Sheet1": [header, *body]})


def arbin_sheets(path: Path) -> Path:
    """Records that continue in a second sheet, among other sheets."""
    header: list[Any] = ["Data_Point", "Test_Time(s)", "Step_Index", "Cycle_Index", "Current(A)", "Voltage(V)"]
    header += ["Charge_Capacity(Ah)", "Temperature (C)_1"]
    body: list[list[Any]] = [[k, t + 5, _step_number(t), 1, i, v, 0.0, x] for k, (t, v, i, x, _) in enumerate(rows())]
    summary = [["Cycle_Index", "Test_Time(s)", "Vmax(V)", "Current(A)"], [1, 120.0, 4.0, 1.0]]
    info: list[list[Any]] = [["", "TEST REPORT"], ["Test Name", "demo"]]
    sheets = {"Global_Info": info, "Channel_1_1": [header, *body[:70]], "Channel_1_2": [header, *body[70:]]}
    return xlsx(path, sheets | {"Statistics": summary})


def neware_sheets(path: Path) -> Path:
    """Records in the last sheet, times as text."""
    header: list[Any] = [
        "DataPoint",
        "Step Index",
        "Step Type",
        "Time",
        "Total Time",
        "Current(mA)",
        "Voltage(V)",
        "T1(℃)",
    ]
    body: list[list[Any]] = [
        [k, _step_number(t), "Rest", _clock_text(t, 0), _clock_text(t, 0), i * 1000, v, x]
        for k, (t, v, i, x, _) in enumerate(rows())
    ]
    steps: list[list[Any]] = [
        ["Step Index", "Step Time", "Voltage(V)", "Current(A)", "Capacity(Ah)"],
        [1, 2.0, 3.0, 4.0, 5.0],
    ]
    return xlsx(path, {"step": steps, "record": [header, *body]})


def _meas_struct() -> dict[str, Any]:
    return {
        "TimeStamp": np.array([f"02-Mar-2026 08:{k // 60:02d}:{k % 60:02d}" for k in range(ROWS)]),
        "Time": TRUTH["time_s"] + 181234.567,
        "Voltage": TRUTH["voltage_V"],
        "Current": TRUTH["current_A"],
        "Ah": np.zeros(ROWS),
        "Wh": np.zeros(ROWS),
        "SOC": TRUTH["soc"],
        "Battery_Temp_degC": TRUTH["temperature_degC"],
        "Ambient_Temp_degC": np.full(ROWS, 25, dtype=np.uint8),
        "Chamber_Temp_degC": 25.0,
        "Test_Cell": np.array(["A"] * 77, dtype=object),
    }


def matlab(path: Path) -> Path:
    """Version 5, struct `meas`, fields of other lengths."""
    fields = {name: value.reshape(-1, 1) if np.ndim(value) else value for name, value in _meas_struct().items()}
    scipy.io.savemat(path, {"meas": fields, "note": "made up"})
    return path


def matlab_hdf5(path: Path) -> Path:
    """Version 7.3, vectors as rows, cells as references."""
    with h5py.File(path, "w", userblock_size=512) as file:
        group = file.create_group("meas")
        cell = file.create_group("#refs#").create_dataset("a", data=np.array([[65]], dtype=np.uint16))
        for name, value in _meas_struct().items():
            if isinstance(value, np.ndarray) and value.dtype.kind in "UO":
                references = np.array([[cell.ref] * len(value)], dtype=h5py.ref_dtype)
                group.create_dataset(name, data=references).attrs["MATLAB_class"] = np.bytes_("cell")
            else:
                group.create_dataset(name, data=np.atleast_2d(value)).attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    return path


def xlsx(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    """A minimal workbook with inline text."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        kinds = "".join(
            f'<Override PartName="/xl/worksheets/sheet{k}.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
            for k in range(1, len(sheets) + 1)
        )
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            + kinds
            + "</Types>",
        )
        office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        package = "http://schemas.openxmlformats.org/package/2006/relationships"
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r" Type="{office}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
        )
        names = "".join(f'<sheet name="{n}" sheetId="{k}" r:id="r{k}"/>' for k, n in enumerate(sheets, 1))
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>'
        )
        links = "".join(
            f'<Relationship Id="r{k}" Type="{office}/worksheet" Target="worksheets/sheet{k}.xml"/>'
            for k in range(1, len(sheets) + 1)
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}">{links}</Relationships>')
        for k, content in enumerate(sheets.values(), 1):
            archive.writestr(f"xl/worksheets/sheet{k}.xml", _sheet_xml(content, main))
    return path


def _sheet_xml(content: list[list[Any]], main: str) -> str:
    text = io.StringIO()
    text.write(f'<worksheet xmlns="{main}"><sheetData>')
    for row, cells in enumerate(content, 1):
        text.write(f'<row r="{row}">')
        for column, cell in enumerate(cells):
            reference = f"{chr(65 + column)}{row}"
            if isinstance(cell, str):
                text.write(f'<c r="{reference}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>' if cell else "")
            else:
                text.write(f'<c r="{reference}"><v>{cell!r}</v></c>')
        text.write("</row>")
    text.write("</sheetData></worksheet>")
    return text.getvalue()


VENDOR_FORMATS: dict[str, tuple[str, str, Callable[[Path], Path]]] = {
    "arbin": ("cell.CSV", "arbin", arbin),
    "arbin sheets": ("cell.xlsx", "arbin", arbin_sheets),
    "arbin through MATLAB": ("cell.mat", "arbin_matlab", matlab),
    "arbin through MATLAB, HDF5": ("cell73.mat", "arbin_matlab", matlab_hdf5),
    "digatron": ("4711.csv", "digatron", digatron),
    "digatron with #": ("hash.csv", "digatron", digatron_hash),
    "neware, Chinese": ("记录.csv", "neware", neware_zh),
    "neware, layered": ("layered.csv", "neware", neware_layered),
    "neware sheets": ("record.xlsx", "neware", neware_sheets),
    "maccor": ("cell.txt", "maccor", maccor),
    "biologic": ("cell.mpt", "biologic", biologic),
    "novonix": ("cell_CH03.csv", "novonix", novonix),
    "basytec": ("basytec.txt", "basytec", basytec),
    "pec": ("Test42.csv", "pec", pec),
    "landt": ("Landt.csv", "landt", landt),
    "bdf": ("cell.bdf.csv", "bdf", bdf),
    "bdf, machine names": ("machine.bdf.csv", "bdf", bdf_machine),
    "stla": ("profile.xlsx", "stla", stla),
    "plain": ("plain.csv", "plain", plain),
    "plain, semicolons": ("semicolon.csv", "plain", plain_semicolon),
    "plain, named rows": ("rows.csv", "plain", row_names),
}
"""Name of the format: (file name, vendor, writer)."""
