"""Ask the audit service about the pinned packages: ``python -m tests.audit``.

Known weaknesses fail; a service that is out of reach does not.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECONDS = 90


def main() -> int:
    """0 when nothing is known or nobody could be asked, else 1."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--format", "json"),
        *("--progress-spinner", "off", "--timeout", "10"),
        *("-r", str(ROOT / "requirements.txt"), "-r", str(ROOT / "requirements-dev.txt")),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        packages = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        print("dependency audit: the audit service is out of reach, nothing was checked")
        return 0
    weak = [package for package in packages if package.get("vulns")]
    for package in weak:
        names = ", ".join(entry["id"] for entry in package["vulns"])
        print(f"dependency audit: {package['name']} {package['version']}: {names}")
    print(f"dependency audit: {len(packages)} packages, {len(weak)} with known weaknesses")
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main())
