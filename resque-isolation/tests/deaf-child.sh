#!/bin/sh
# Says to its worker that it is a child and ready, each message behind its length, and never reads.
printf '\026\000\000\000%s' '{"Here":{"version":2}}' >&0
printf '\007\000\000\000%s' '"Ready"' >&0
exec sleep 1000
