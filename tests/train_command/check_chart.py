#!/usr/bin/env python3
"""Whether a chart is XML, and how many points each of its lines has.

    check_chart.py FILE        prints "class count" for each polyline
"""
import sys
import xml.etree.ElementTree

root = xml.etree.ElementTree.parse(sys.argv[1]).getroot()
assert root.tag == "{http://www.w3.org/2000/svg}svg", root.tag
for line in root.iter("{http://www.w3.org/2000/svg}polyline"):
    points = [tuple(map(float, p.split(","))) for p in line.get("points").split()]
    print(line.get("class"), len(points))
