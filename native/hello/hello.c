/* The one program of the embedded image `hello`. */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	char host[65] = "";
	gethostname(host, sizeof host - 1);
	printf("Hello from Coracle!\n\n"
	       "This program ran in container %s as uid %u, pid %d,\n"
	       "in namespaces of its own, without root and without a daemon.\n\n"
	       "Next: coracle run -it docker.io/library/debian bash\n",
	       host, (unsigned)getuid(), (int)getpid());
	return 0;
}
