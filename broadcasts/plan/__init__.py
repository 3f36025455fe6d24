"""What the office knows ahead: notices that come back, the pharmacies' rota, the home matches, the month."""
