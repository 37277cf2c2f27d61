"""Methods of a city, by subject (ring: city).

A file has the methods of one subject: they take what callers have, and hand it to who answers. A method asks for
those of another subject at the whole city, which a right may narrow. Knows: the parts of a city, and by name who
answers. Must not know: commands, pages, how an answer is made.

Nouns: `OpenedCity`, which all subjects have in common; a class a subject, of which `stcloud.City` is made. Start
reading at `opened`.
"""
