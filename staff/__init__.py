"""Who works here: people, roles, audit log. Imports no other app of ours."""
