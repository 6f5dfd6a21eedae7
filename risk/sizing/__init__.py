"""How large a position may be: rules that each allow so much, of which the smallest counts, and two factors on it.

For: strategies, through their context, where `[strategies.sizing]` stands; `engine`, which samples the markets.
May import: the words of `risk`, its valuation of instruments and books, oms, core.
Refuses:
- to guess: before a figure is known its rule allows the fixed `unproven` quantity, which is 0 unless settings say so;
- to pass the gate: what comes out is a wish like any other;
- to let floats decide what another machine would decide otherwise: statistics use + - * / and square roots, which every
  machine rounds alike, sums are exact (`math.fsum`), and the last step is the floor to whole lots.

Read `sizer.py` first, then one rule a file.
"""
