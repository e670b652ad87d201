# statuses: ok
print("\ud800")
display({"text/plain": "\udfff"}, raw=True)
raise_ = "\udc00"
