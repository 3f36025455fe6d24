"""The wire: everything that knows how WhatsApp's Cloud API talks, and nothing that knows why.

No models, no Django, no business rule.
"""
