"""Reports as workbooks: their periods, what happened in them, and how it is drawn."""
