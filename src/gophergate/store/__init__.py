"""The database: the only SQL of the project. Tables, migrations, and one file of functions per family of rows."""
