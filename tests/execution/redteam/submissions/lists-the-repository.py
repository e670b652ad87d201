# Solutions, tests and history stand beside the package.
# unconfined: escapes
import os
import autograder
root = os.path.dirname(os.path.dirname(autograder.__file__))
for name in (".git/HEAD", "solutions", "tests/conftest.py", "pyproject.toml", "README.md"):
    try:
        os.close(os.open(os.path.join(root, name), os.O_RDONLY))
        escaped(name)
    except OSError:
        pass
