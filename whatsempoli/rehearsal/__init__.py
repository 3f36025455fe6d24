"""`make rehearsal`: a whole story on real engines, judged by what the phones really received."""
