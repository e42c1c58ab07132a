using Director.Health.Checks;

namespace Director.Health.Tests.Daemons;

public class VsftpdTests
{
    [SkippableFact]
    public async Task Ftp()
    {
        using var ftp = RealDaemon.Of("vsftpd");
        Directory.CreateDirectory($"{ftp.Folder}/files");
        Directory.CreateDirectory($"{ftp.Folder}/empty");
        ftp.Write("files/alive", "I am well\n");
        // The password has to be one of these, which makes a login that can be refused.
        ftp.Write("passwords", "director@\n");
        ftp.Write("vsftpd.conf", $"""
            listen=YES
            listen_address=127.0.0.1
            listen_port={ftp.Port}
            background=NO
            anonymous_enable=YES
            local_enable=NO
            anon_root={ftp.Folder}/files
            secure_email_list_enable=YES
            email_password_file={ftp.Folder}/passwords
            secure_chroot_dir={ftp.Folder}/empty
            allow_writeable_chroot=YES
            seccomp_sandbox=NO

            """);
        // The daemon serves as a user of its own, who has to find the files.
        File.SetUnixFileMode(ftp.Folder, (UnixFileMode)0b111_101_101);
        var check = new FtpCheck(ftp.Target) { Request = "/alive", Receive = "^I am well" };
        await ftp.Start(check, "vsftpd", $"{ftp.Folder}/vsftpd.conf");

        await ftp.AssertAnswer(CheckAnswer.Pass("/alive: 10 bytes"), check);
        await ftp.AssertAnswer(CheckAnswer.Pass("logged in"), check with { Request = "", Receive = "" });
        await ftp.AssertAnswer(CheckAnswer.Fail("answer \"I am well \" does not match ill"), check with { Receive = "ill" });
        await ftp.AssertAnswer(CheckAnswer.Fail("/none: \"550 Failed to open file.\""), check with { Request = "/none" });
        await ftp.AssertAnswer(CheckAnswer.Fail("login refused: \"530 Login incorrect.\""), check with { Login = "anonymous", Password = new("wrong") });
        await ftp.AssertAnswer(CheckAnswer.Fail("login refused: \"530 This FTP server is anonymous only.\""), check with { Login = "root", Password = new("wrong") });
        await ftp.AssertHangsAndDies(check, "connection refused");
    }
}
