# statuses: ok
for number in range(3000):
    display(number)
