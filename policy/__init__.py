"""What we promise and the rules that keep it."""
