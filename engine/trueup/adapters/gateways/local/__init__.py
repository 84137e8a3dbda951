"""The gateway of one machine: an asyncio process of its own, one per environment.

Start reading at `app.py`; the way of a request is validation -> table -> prompt -> backends -> proxy.
"""
