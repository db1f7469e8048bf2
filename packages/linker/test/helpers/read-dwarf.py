"""Reads DWARF by pyelftools: `read-dwarf.py FILE`, with offsets in FILE, one a line, on standard input.

Prints what is there, in DWARF's words: a line of `function file:line` for each, the innermost inlined call first, with tabs
between them, and `-` for nothing.
"""

import sys
from bisect import bisect_right
from io import BytesIO

from elftools.dwarf.dwarfinfo import DebugSectionDescriptor, DwarfConfig, DWARFInfo


def sections(data):
    """Where sections begin and end, by name: the code section is `code`."""
    at = 8
    found = {}

    def leb():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        kind = data[at]
        at += 1
        size = leb()
        end = at + size
        if kind == 10:
            found["code"] = (at, end)
        elif kind == 0:
            length = leb()
            name = data[at : at + length].decode()
            found[name] = (at + length, end)
        at = end
    return found


with open(sys.argv[1], "rb") as file:
    module = file.read()
where = sections(module)


def section(name):
    start, end = where[name]
    return DebugSectionDescriptor(BytesIO(module[start:end]), name, None, end - start, 0)


names = "info abbrev line ranges str".split()
every = DWARFInfo.__init__.__code__.co_varnames[2 : DWARFInfo.__init__.__code__.co_argcount]
arguments = {key: None for key in every}
arguments.update({f"debug_{name}_sec": section(f".debug_{name}") for name in names})
dwarf = DWARFInfo(DwarfConfig(True, "wasm", 4), **arguments)

rows = []
functions = []


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


for unit in dwarf.iter_CUs():
    program = dwarf.line_program_for_CU(unit)
    files = program["file_entry"]
    folders = program["include_directory"]

    def path(number):
        entry = files[number - 1]
        name = text(entry.name)
        return name if entry.dir_index == 0 else f"{text(folders[entry.dir_index - 1])}/{name}"

    for entry in program.get_entries():
        state = entry.state
        if state is not None:
            place = None if state.end_sequence else f"{path(state.file)}:{state.line}"
            rows.append((state.address, len(rows), place))
    top = unit.get_top_DIE()
    base = top.attributes["DW_AT_low_pc"].value
    range_lists = dwarf.range_lists()

    def pieces(entry):
        attributes = entry.attributes
        if "DW_AT_ranges" in attributes:
            listed = range_lists.get_range_list_at_offset(attributes["DW_AT_ranges"].value)
            return [(base + r.begin_offset, base + r.end_offset) for r in listed]
        low = attributes["DW_AT_low_pc"].value
        return [(low, low + attributes["DW_AT_high_pc"].value)]

    def called(entry):
        origin = entry.get_DIE_from_attribute("DW_AT_abstract_origin")
        attributes = entry.attributes
        return (
            pieces(entry),
            text(origin.attributes["DW_AT_name"].value),
            f"{path(attributes['DW_AT_call_file'].value)}:{attributes['DW_AT_call_line'].value}",
            [called(child) for child in entry.iter_children()],
        )

    for entry in top.iter_children():
        assert entry.tag == "DW_TAG_subprogram", entry
        if "DW_AT_inline" in entry.attributes:
            continue
        ((low, high),) = pieces(entry)
        calls = [called(child) for child in entry.iter_children()]
        functions.append((low, high, text(entry.attributes["DW_AT_name"].value), calls))

rows.sort()
functions.sort(key=lambda f: f[0])
addresses = [row[0] for row in rows]
starts = [function[0] for function in functions]
code = where["code"][0]
for line in sys.stdin:
    address = int(line) - code
    k = bisect_right(starts, address) - 1
    row = rows[bisect_right(addresses, address) - 1]
    if k < 0 or address >= functions[k][1] or row[2] is None:
        print("-")
        continue
    chain = []
    name, calls = functions[k][2], functions[k][3]
    while True:
        inner = [c for c in calls if any(low <= address < high for low, high in c[0])]
        assert len(inner) <= 1, "two calls at the same place"
        if not inner:
            break
        chain.append((name, inner[0][2]))
        name, calls = inner[0][1], inner[0][3]
    chain.append((name, row[2]))
    print("\t".join(f"{name} {place}" for name, place in reversed(chain)))
