"""The rules about bills: which are open and overdue, what has been said of them, what has been paid."""
