"""The command line, over the public client alone. It loads click at once, and httpx and rich when they are needed.

program      the command itself, from its arguments to its exit status
lazy         groups whose commands are loaded when they are called
failures     which exit status an error has, and what is said of it
connecting   the options that lead to a client
naming       from what a person calls a pod to the pod
request      the options of a create, made from the contract
output       the formats of standard output, and `tables` what their columns are
terminal     what standard output and standard error can show
progress     what is seen while something is waited for
times        times as people write and read them
secure_shell the ssh command that reaches a pod
pods/        `yottalabs pods …`, a module for each command
run, simulator, doctor, profiles, completion    the other commands
"""
