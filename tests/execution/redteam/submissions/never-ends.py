# statuses: timeout
# seconds: 0.4
while True:
    pass
