using Director.Lab.Network;
using Director.Lab.Processes;

namespace Director.Lab.Software;

/// <summary>nginx on a real server, in place of the built-in web server. Its access log has the client's address first.</summary>
public sealed class Nginx
{
    private readonly LabHost _host;

    private Nginx(LabHost host) => _host = host;

    /// <summary>The addresses of the clients whose requests it logged, one for each request.</summary>
    public IReadOnlyList<string> ClientAddresses => [.. File.ReadLines(_host.File("access.log")).Select(line => line.Split(' ')[0])];

    /// <summary>Waits until it has logged so many requests, which it does after it has answered them, and returns the addresses of their clients.</summary>
    public IReadOnlyList<string> WaitForClients(int requests)
    {
        IReadOnlyList<string> seen = [];
        Eventually.Holds(() => (seen = ClientAddresses).Count >= requests, TimeSpan.FromSeconds(20), () => $"nginx on {_host.Name} has logged {requests} requests; it has {seen.Count}");
        return seen;
    }

    /// <summary>Starts it and waits until it listens.</summary>
    /// <param name="host">Where; its name is the answer to <c>/</c>.</param>
    /// <param name="ports">TCP ports on every address.</param>
    /// <param name="root">A folder whose files it serves below <c>/files/</c>; none when null.</param>
    public static Nginx Start(LabHost host, IReadOnlyList<int> ports, string? root = null)
    {
        string configuration = host.Write("nginx.conf", $$"""
            daemon off;
            worker_processes 1;
            user root;
            pid {{host.File("nginx.pid")}};
            events { worker_connections 16384; }
            http {
              client_body_temp_path {{host.File("body")}};
              proxy_temp_path {{host.File("proxy")}};
              fastcgi_temp_path {{host.File("fastcgi")}};
              uwsgi_temp_path {{host.File("uwsgi")}};
              scgi_temp_path {{host.File("scgi")}};
              log_format short '$remote_addr $server_addr $status $uri';
              access_log {{host.File("access.log")}} short;
              sendfile on;
              keepalive_requests 1000000000;
              server {
                {{string.Concat(ports.Select(port => $"listen {port} backlog=4096; listen [::]:{port} backlog=4096; "))}}
                location = / { return 200 "{{host.Name}} $remote_addr\n"; }
                location /files/ { alias {{root ?? "/nonexistent"}}/; }
              }
            }
            """);
        HostProcess process = host.Start("nginx", "-e", host.File("error.log"), "-c", configuration);
        process.WaitUntil(() => ports.All(port => Listeners.Has(host, port)), TimeSpan.FromSeconds(60), "it listens");
        return new(host);
    }
}
