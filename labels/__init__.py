"""Labels: what researchers are asked, and what they answered. Rows are only ever added."""
