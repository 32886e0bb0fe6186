"""What becomes of orders: cases as data, carried out in each language, and one judge."""
