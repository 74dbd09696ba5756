#ifndef WDSGET_PORTS_H
#define WDSGET_PORTS_H

/* The exit code of `wdsget ports [--json]`. */
int ports_main(int argc, char **argv);

#endif
