"""`make docs`: write the parts of docs/ that are made from the code."""

from reference.parts import PARTS, replaced

for part in PARTS:
    part.file.write_text(replaced(part.file.read_text(), part.make()))
