"""Where orders meet a counterparty: RFQ today, an order book as a second venue."""
