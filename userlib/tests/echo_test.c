// SPDX-License-Identifier: MIT
/*
 * The examples echo_server and echo_client, which stand beside this program.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ktap.h"

/* Start a program from this one's folder; its output can be read from the result. */
static FILE *start(const char *name, char *const argv[], pid_t *pid)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);
	int fd[2];

	CHECK(n > 0);
	path[n] = '\0';
	strcpy(strrchr(path, '/') + 1, name);
	CHECK_EQ(pipe(fd), 0);
	*pid = fork();
	CHECK(*pid >= 0);
	if (!*pid) {
		/* Not to stay behind when the test fails. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd[1], STDOUT_FILENO);
		close(fd[0]);
		close(fd[1]);
		execv(path, argv);
		_exit(127);
	}
	close(fd[1]);
	return fdopen(fd[0], "r");
}

static FILE *start_server(pid_t *pid, char *port)
{
	char *const argv[] = { (char *)"echo_server", NULL };
	FILE *out = start("echo_server", argv, pid);

	CHECK_EQ(fscanf(out, "listening on port %7[0-9]", port), 1);
	return out;
}

static void run_client(char *port, const char *connections, const char *lines,
		       const char *expected)
{
	char *const argv[] = { (char *)"echo_client", (char *)"127.0.0.1", port,
			       (char *)connections, (char *)lines, NULL };
	char text[128] = "";
	int status;
	pid_t pid;
	FILE *out = start("echo_client", argv, &pid);

	CHECK(fgets(text, sizeof(text), out));
	if (strcmp(text, expected))
		ktap_fail(__FILE__, __LINE__, "the client says: %s", text);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	fclose(out);
}

static void lines_come_back(void)
{
	char port[8];
	pid_t server;
	FILE *out = start_server(&server, port);

	run_client(port, "1", "1", "1 connections, 1 of 1 lines came back\n");
	run_client(port, "100", "10", "100 connections, 1000 of 1000 lines came back\n");
	CHECK_EQ(kill(server, SIGKILL), 0);
	fclose(out);
}

/* A client that dies in the middle takes nobody along. */
static void the_server_survives_a_client(void)
{
	char port[8];
	char *const argv[] = { (char *)"echo_client", (char *)"127.0.0.1", port,
			       (char *)"20", (char *)"1000000", NULL };
	pid_t server, client;
	FILE *out = start_server(&server, port), *err;

	err = start("echo_client", argv, &client);
	run_client(port, "5", "5", "5 connections, 25 of 25 lines came back\n");
	CHECK_EQ(kill(client, SIGKILL), 0);
	CHECK_EQ(waitpid(client, NULL, 0), client);
	run_client(port, "5", "5", "5 connections, 25 of 25 lines came back\n");
	CHECK_EQ(kill(server, SIGKILL), 0);
	fclose(out);
	fclose(err);
}

static const struct ktap_case cases[] = {
	KTAP_PLAIN(lines_come_back),
	KTAP_PLAIN(the_server_survives_a_client),
};

KTAP_MAIN(cases)
