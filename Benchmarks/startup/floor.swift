// The least a Swift process can cost: start, say something, end.
print("ok")
