# statuses: error
input("password: ")
