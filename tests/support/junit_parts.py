"""Of one ctest report of several parts: one for each, PART.xml in a folder. A test's name begins with its part.
Usage: junit_parts.py REPORT FOLDER PART..."""
import os
import sys
import xml.etree.ElementTree as ElementTree

COUNTS = {"failures": "fail", "skipped": "notrun", "disabled": "disabled"}  # as ctest says it


def main():
    report, folder, *parts = sys.argv[1:]
    for part in parts:
        tree = ElementTree.parse(report)
        suite = tree.getroot()
        for case in suite.findall("testcase"):
            if case.get("name").split("/")[0] != part:
                suite.remove(case)
        cases = suite.findall("testcase")
        suite.set("name", part)
        suite.set("tests", str(len(cases)))
        for attribute, status in COUNTS.items():
            suite.set(attribute, str(sum(case.get("status") == status for case in cases)))
        suite.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")
        tree.write(os.path.join(folder, f"{part}.xml"), encoding="UTF-8", xml_declaration=True)


if __name__ == "__main__":
    main()
