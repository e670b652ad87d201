# A cell with nothing but magics of the shell.
# statuses: ok error
%reset -f
%autoreload 2
%load_ext nowhere
