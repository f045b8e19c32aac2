"""The counter (Virtueller Tresen): every request of every flow is a card in one encrypted room of the staff."""
