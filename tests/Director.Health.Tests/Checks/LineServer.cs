using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Director.Health.Tests.Checks;

/// <summary>A server on 127.0.0.1 that follows a script: it says <c>S: line</c>, has to hear <c>C: line</c>, and speaks TLS from <c>TLS</c> on.</summary>
internal sealed class LineServer : IDisposable
{
    private readonly Scripted _server;
    private readonly TaskCompletionSource _followed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public LineServer(params string[] script) => _server = Scripted.Tcp(stream => Follow(stream, script));

    public static X509Certificate2 Certificate { get; } = SelfSigned("mail.example.org", DateTimeOffset.UnixEpoch, new(2099, 12, 31, 0, 0, 0, TimeSpan.Zero));

    /// <summary>Its private key in PEM.</summary>
    public static string CertificateKey => Certificate.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem();

    public CheckTarget Target => _server.Target;

    /// <summary>Asserts what a check finds, and that it kept to the script.</summary>
    public async Task AssertFinds(CheckAnswer expected, HealthCheck check)
    {
        var answer = await Scripted.Ask(check);
        // First: a check that leaves the script finds something else.
        await _followed.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(expected, answer);
    }

    public void Dispose() => _server.Dispose();

    public static X509Certificate2 SelfSigned(string name, DateTimeOffset from, DateTimeOffset until)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, true));
        using var certificate = request.CreateSelfSigned(from, until);
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }

    private async Task Follow(Stream plain, string[] script)
    {
        var stream = plain;
        try
        {
            foreach (var line in script)
            {
                if (line == "TLS")
                {
                    var secured = new SslStream(stream);
                    await secured.AuthenticateAsServerAsync(Certificate);
                    stream = secured;
                }
                else if (line.StartsWith("S: ", StringComparison.Ordinal))
                {
                    await stream.WriteAsync(Encoding.UTF8.GetBytes(line[3..] + "\r\n"));
                }
                else
                {
                    Assert.Equal(line, "C: " + await Heard(stream));
                }
            }

            _followed.TrySetResult();
            await stream.CopyToAsync(Stream.Null);
        }
        catch (Exception failure)
        {
            _followed.TrySetException(failure);
            throw new IOException("the script ended", failure);
        }
    }

    private static async Task<string> Heard(Stream stream)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one) > 0 && one[0] != '\n')
        {
            line.Append((char)one[0]);
        }

        Assert.Equal("\r", line.ToString()[^1..]);
        return line.ToString(0, line.Length - 1);
    }
}
