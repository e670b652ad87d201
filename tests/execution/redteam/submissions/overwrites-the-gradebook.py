# unconfined: escapes
import sqlite3
book = sqlite3.connect(f"{SECRETS}/gradebook.db")
book.execute("update grades set score = 100")
book.commit()
escaped("changed a grade")
