"""People: who may sign in, with which role, and by which tokens the API knows them."""
