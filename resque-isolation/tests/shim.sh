#!/bin/sh
# Stands in for the process that becomes a program: tells the worker behind its sign what the name of
# the program says.
sign=$4 program=$5
case "$program" in
    gone) echo "$sign begins" >&2; echo "$sign failed no such file" >&2; exit 127 ;;
    huge) echo "$sign begins" >&2; echo "$sign never too much" >&2; exit 127 ;;
    dead) kill -s KILL $$ ;;
    works) echo "$sign begins" >&2; exec cat ;;
    complains) echo "$sign begins" >&2; echo "begins failed" >&2; exit 127 ;;
esac
