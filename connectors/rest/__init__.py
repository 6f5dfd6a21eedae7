"""REST, the same for every venue: one GET with a deadline, a bound on bodies, and respect for Retry-After.

For: every venue that is asked by HTTP.
May import: the connectors' shared files and aiohttp.
Refuses: to know a venue, or what an answer means.
"""
