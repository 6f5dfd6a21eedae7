"""Fidelity: the same strategies on the same recorded frames here and in hftbacktest, and why results differ.

For: `docs/fidelity.md`, whose tables `python -m research.fidelity` writes; finding out whether a difference is ours.
May import: what `research` may. hftbacktest runs as a process in an environment of its own; files go to and fro.
Refuses: to take part in trading. Its strategies are yardsticks, not examples.

Reading order: `plan.py` (what is asked), `recording.py` (events of a recording in one view), `peer_data.py` (the same
events as hftbacktest takes them), `steps.py` (the strategies), `fills.py` (what comes of either side), `ours.py` and
`singles.py` (our side), `peer.py` (the other side), `replica.py` (hftbacktest's rules with ours put in one by one),
`causes.py` (which rule made which difference), `study.py` (all of it), `samples.py` and `page.py` (what is shown).
"""
