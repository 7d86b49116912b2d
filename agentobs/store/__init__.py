"""The store: everything that speaks SQL. PostgreSQL everywhere; TimescaleDB where the server has it."""
