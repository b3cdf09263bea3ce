"""An application at work: writes a row in each transaction until a file appears, then prints what was acknowledged.

usage: writer.py DATABASE STOP_FILE"""

import json
import os
import sqlite3
import sys
import time

database, stop = sys.argv[1:]
db = sqlite3.connect(database, timeout=30, isolation_level=None)
acknowledged, errors, longest, number = {"owners": [], "remarks": []}, [], 0.0, 0
print("ready", flush=True)
while not os.path.exists(stop):
    number += 1
    # One table that is rebuilt, one that gets a column. Both statements are right before and after.
    table = ("owners", "remarks")[number % 2]
    statement = {
        "owners": "INSERT INTO owners (name) VALUES (?)",
        "remarks": "INSERT INTO remarks (item, body) VALUES (1, ?)",
    }[table]
    begin = time.monotonic()
    try:
        db.execute(statement, (f"written {number}",))
        acknowledged[table].append(f"written {number}")
    except sqlite3.Error as error:
        errors.append(str(error))
    longest = max(longest, time.monotonic() - begin)
    time.sleep(0.001)
db.close()
json.dump({"acknowledged": acknowledged, "errors": errors, "longest": longest}, sys.stdout)
