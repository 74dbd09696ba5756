/* What people write, and files. */
#include "corpus.h"

static void save_names(void)
{
	/* UTF-16: "images", "a/b.img", and one with a character of two units. */
	static const char images[] = "i\0m\0a\0g\0e\0s\0", path[] = "a\0/\0b\0\\\0c\0.\0i\0m\0g\0";
	static const char wide[] = "W\0D\0S\0:\0\xe9\0\x3d\xd8\x00\xde", up[] = ".\0.\0/\0a\0";

	corpus_target("name");
	corpus_save("name", "images", images, sizeof(images) - 1);
	corpus_save("name", "path", path, sizeof(path) - 1);
	corpus_save("name", "wide", wide, sizeof(wide) - 1);
	corpus_save("name", "up", up, sizeof(up) - 1);
	corpus_text("name", "utf8", "WDS:default/\xc3\xa9\xf0\x9f\x98\x80.wim.wdsmeta");
}

static void save_specs(void)
{
	corpus_target("spec");
	corpus_text("spec", "auto", "auto,vlan=100");
	corpus_text("spec", "kernel", "kernel:eth0");
	corpus_text("spec", "af_packet", "af_packet:eth0,vlan=4094");
	corpus_text("spec", "af_xdp", "af_xdp:eth0,queue=3,vlan=1");
	corpus_text("spec", "memif", "memif:/run/w,mtu=9000,server");
	corpus_text("spec", "pcap", "pcap:/tmp/a.pcap");
	corpus_text("spec", "pci", "pci:0000:01:00.0,mtu=9000,vlan=7");
	corpus_text("spec", "address", "01:00.0");
}

static void save_options(void)
{
	corpus_target("wdsget_options");
	corpus_text("wdsget_options", "url", "wds://10.0.0.1/images/disk.img\n-o\n/tmp/x\n--cache=1G\n--timeout\n10\n--json\n"
	            "--sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n");
	corpus_text("wdsget_options", "plain", "--server=s\n--namespace=WDS:a/b\n--object=a/b.wim\n--port=af_packet:eth0\n--ip=10.0.0.2/24\n"
	            "--gateway=10.0.0.1\n--exception=tap\n--cores=2,4-6\n--poll=busy\n--key=k\n--verify-key=v\n--resume\n--stats\n-q\n");
	corpus_text("wdsget_options", "help", "--help\n");
	corpus_target("wdscast_options");
	corpus_text("wdscast_options", "all", "--root=/r\n--port=memif:/m\n--ip=10.0.0.1/24\n--ip=fd00::1/64\n--gateway=10.0.0.2\n"
	            "--gateway=fe80::1\n--exception=tap\n--block-size=8785\n--cache=1G\n--group=239.1.0.0/16\n--group=ff18::/96\n"
	            "--udp-port=5042\n--session-ports=6000-6100\n--linger=5\n--max-window=64\n--slow=demote\n"
	            "--slow-threshold=10000,1000\n--streams=3\n--cores=2,3\n--poll=adaptive\n--key=k,reading=B\n"
	            "--sign-key=s\n--json\n--quiet\n");
	corpus_text("wdscast_options", "digest", "--root\n/r\n--digest\nimages/a.img\n--slow=kick\n--poll=busy\n");
	corpus_target("wdsbench_options");
	corpus_text("wdsbench_options", "rx", "rx\nkernel:lo\n--group=239.1.2.3:6000\n--seconds=1.5\n--core=1\n--no-verify\n--json\n");
	corpus_text("wdsbench_options", "tx", "tx\nmemif:/m\n--group=[ff18::1]:6000\n--rate=2.5G\n--size=1385\n--packets=9\n"
	            "--ip=10.0.0.1/24\n--interval=0\n");
	corpus_text("wdsbench_options", "replay", "replay\nf\n--to=pcap:x\n--loops=3\n--quiet\n--group=239.1.2.3\n--ip=fd00::1\n");
}

static void save_files(void)
{
	corpus_target("conf");
	corpus_text("conf", "all", "# a lab\nport = kernel:eth0\nip=10.0.0.2/24\ngateway = 10.0.0.1\ncores = 2,4-6\n"
	            "poll = busy\nmemory = 2G\ninitiate_timeout = 10\ninactivity_timeout=20 # s\nstall_timeout = 60\n");
	corpus_text("conf", "ip6", "ip = fd00::2/64\ngateway = fe80::1\n");
	corpus_text("conf", "key", "key = /nowhere\nverify_key = /nowhere\n");
	corpus_target("journal");
	corpus_text("journal", "ranges",
	            "{\"journal\":1,\"id\":\"00112233445566778899aabbccddeeff\",\"inode\":7,\"server\":\"s\",\"namespace\":\"n\","
	            "\"object\":\"o\",\"size\":1000000,\"block_bytes\":1385,\"session\":9,\"stamp\":\"0123\"}\n"
	            "+ 0 1385\n+ 2770 500000\n!\n+ 1385 2770\n");
}

void corpus_texts(void)
{
	corpus_target("url");
	corpus_text("url", "plain", "wds://10.0.0.1/images/disk.img");
	corpus_text("url", "port", "wds://[fd00::1]:5042/images/a/b.img");
	corpus_text("url", "encoded", "wds://server/WDS%3adefault%2finstall.wim%2F1/install.wim");
	save_names();
	save_specs();
	save_options();
	save_files();
}
