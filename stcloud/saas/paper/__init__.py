"""Reports: a page of answers that stays readable without scripts and can be checked (ring: saas).

Knows cities and their answers, and the colours and classes of maps (`stcloud.saas.report`). Must not know the command
line: it is given questions, and gives a page. It computes no number of its own: each is a cell of an answer.

Nouns: `Paper` (the page), `PaperPart` (a question of it), `PaperSection`, `PaperFigure` (a drawing, its table, its
question and its command), `PaperScope` (a question at its pin, of which figures are made), `PaperWords` (a language).

Start reading at `paper.py`; `exhibits.py` lists the sections that there are, `template.py` renders them.
"""
