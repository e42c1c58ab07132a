using System.Collections.Immutable;
using System.Net;
using Director.Health.Feedback;
using Director.Health.Feedback.Protocol;
using FsCheck.Xunit;

namespace Director.Health.Tests.Feedback.Protocol;

/// <summary>That messages come out as they went in, and that nothing else comes out.</summary>
public sealed class MessageFormatTests
{
    private static readonly Registration s_registration = new(
        "rs1",
        [
            new("www", IPAddress.Parse("10.1.0.11"), 80) { Weight = 65535, Forwarding = RegisteredForwarding.Direct },
            new("diensté", IPAddress.Parse("fd00:10::11"), 65535) { Joins = false },
        ]);

    private static readonly Report s_report = new(
        [
            new() { Percent = 0, Wanted = ReportedState.Maintenance, IsUp = false },
            new() { Percent = AgentAnswer.MostPercent, Wanted = ReportedState.Ready, IsUp = true },
            new(),
        ]);

    [Fact]
    public void A_registration_comes_out_as_it_went_in()
    {
        var read = Assert.IsType<Registration>(MessageFormat.Read(MessageFormat.Write(s_registration)));

        Assert.Equal("rs1", read.Agent);
        Assert.Equal(s_registration.Services.AsEnumerable(), read.Services);
    }

    [Fact]
    public void A_report_comes_out_as_it_went_in() =>
        Assert.Equal(s_report.Answers.AsEnumerable(), Assert.IsType<Report>(MessageFormat.Read(MessageFormat.Write(s_report))).Answers);

    [Fact]
    public void Answers_and_farewells_come_out_as_they_went_in()
    {
        Assert.IsType<Farewell>(MessageFormat.Read(MessageFormat.Write(new Farewell())));
        Assert.Equal(["", "no such service"], Assert.IsType<Heard>(MessageFormat.Read(MessageFormat.Write(new Heard(["", "no such service"])))).Refusals.AsEnumerable());
        Assert.Empty(Assert.IsType<Heard>(MessageFormat.Read(MessageFormat.Write(new Heard([])))).Refusals);
    }

    [Fact]
    public void The_bytes_of_version_1_stay_what_they_are()
    {
        Assert.Equal(
            "01010372733103777777040a01000b005001000701",
            Hex(new Registration("rs1", [new("www", IPAddress.Parse("10.1.0.11"), 80) { Weight = 7, Forwarding = RegisteredForwarding.Direct }])));
        Assert.Equal("02010032ff01", Hex(new Report([new() { Percent = 50, IsUp = true }])));
    }

    [Fact]
    public void The_largest_messages_fit_a_body()
    {
        var service = new RegisteredService(new string('x', 300), IPAddress.IPv6Loopback, 1);
        Assert.InRange(MessageFormat.Write(new Registration(new string('x', 300), [.. Enumerable.Repeat(service, 32)])).Length, 8000, ProtocolLimits.BodyBytes);
        Assert.InRange(MessageFormat.Write(new Heard([.. Enumerable.Repeat(new string('x', 300), 32)])).Length, 8000, ProtocolLimits.BodyBytes);
        Assert.Throws<ArgumentException>(() => MessageFormat.Write(new Report([.. Enumerable.Repeat(new AgentAnswer(), 33)])));
    }

    [Fact]
    public void A_text_that_is_too_long_is_cut_between_characters()
    {
        var read = (Heard)MessageFormat.Read(MessageFormat.Write(new Heard([new string('é', 200)])))!;
        Assert.Equal(new string('é', 127), Assert.Single(read.Refusals));
    }

    [Fact]
    public void Every_message_that_is_cut_short_or_too_long_is_refused()
    {
        foreach (var message in new AgentMessage[] { s_registration, s_report, new Heard(["a", "b"]), new Farewell() })
        {
            var bytes = MessageFormat.Write(message);
            for (var length = 0; length < bytes.Length; length++)
            {
                Assert.Null(MessageFormat.Read(bytes.AsSpan(0, length)));
            }

            Assert.Null(MessageFormat.Read([.. bytes, 0]));
        }
    }

    [Fact]
    public void What_has_no_meaning_is_refused()
    {
        Assert.Null(MessageFormat.Read([1, 0, 0]));
        Assert.Null(MessageFormat.Read([9, 0]));
        Assert.Null(MessageFormat.Read(MessageFormat.Write(new Registration("a\nerror: forged line", s_registration.Services))));
        Assert.Null(MessageFormat.Read(MessageFormat.Write(new Registration("a", [new("", IPAddress.Loopback, 80)]))));
        Assert.Null(MessageFormat.Read(MessageFormat.Write(new Registration("a", [new("www", IPAddress.Loopback, 0)]))));
        Assert.Null(MessageFormat.Read(MessageFormat.Write(new Registration("a", [new("www", IPAddress.Loopback, 80) { Weight = 0 }]))));
        Assert.Null(MessageFormat.Read([2, 1, 0x64, 0x01, 0xff, 0xff]));
        Assert.Null(MessageFormat.Read([2, 1, 0x00, 0x01, 0x03, 0xff]));
        Assert.Null(MessageFormat.Read([2, 1, 0x00, 0x01, 0xff, 0x02]));
    }

    [Property(MaxTest = 2000)]
    public void Any_bytes_are_read_without_harm(byte type, byte count, byte[] rest)
    {
        var message = MessageFormat.Read([(byte)(type % 6), (byte)(count % 40), .. rest ?? []]);

        Assert.True(message is null or Report or Registration or Heard or Farewell);
        if (message is Report report)
        {
            Assert.Equal(count % 40, report.Answers.Length);
        }
    }

    private static string Hex(AgentMessage message) => Convert.ToHexStringLower(MessageFormat.Write(message));
}
