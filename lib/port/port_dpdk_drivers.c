/*
 * Drivers: each is a library of its own that registers itself as it is loaded. EAL would load all of its
 * directory, which takes longer than all else of its start but its clock: app/eal_start.c has it find none,
 * and what a device needs is loaded here. Where EAL has loaded them all, this finds them there.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <rte_config.h>
#include <stdio.h>

#include "port/port_dpdk_inside.h"

/* "librte_net_memif.so.23.0" is of "net_memif", which NULL is too. */
static bool is_of(const char *file, const char *driver)
{
	size_t prefix = sizeof("librte_") - 1, len = driver != NULL ? strlen(driver) : 0;

	if (strncmp(file, "librte_", prefix) != 0 || strstr(file, ".so.") == NULL)
		return false;
	return driver == NULL || (strncmp(file + prefix, driver, len) == 0 && file[prefix + len] == '.');
}

/* A library that does not load is missed, if at all, by who wants its device. */
static void load(const char *driver)
{
	DIR *d = opendir(RTE_EAL_PMD_PATH);
	char path[sizeof(RTE_EAL_PMD_PATH) + 256];
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!is_of(e->d_name, driver))
			continue;
		snprintf(path, sizeof(path), RTE_EAL_PMD_PATH "/%s", e->d_name);
		dlopen(path, RTLD_NOW);
	}
	if (d != NULL)
		closedir(d);
}

/* A card's driver is any. */
void dpdk_load_driver(const char *driver)
{
	static bool cards, loaded; /* under the lock */

	if (!loaded) {
		load("bus_vdev");
		load("bus_pci"); /* it takes the list of cards that are let alone */
		load("mempool_ring");
		loaded = true;
	}
	if (driver != NULL)
		load(driver);
	else if (!cards)
		load(NULL);
	cards = cards || driver == NULL;
}
