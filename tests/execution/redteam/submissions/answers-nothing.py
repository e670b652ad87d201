print("100 points")
