package dev.cutover.proxy;

import dev.cutover.core.failpoint.Failpoints;
import java.time.Duration;

/**
 * How one instance behaves.
 *
 * @param instanceId its name in the control database; one a process
 * @param toolVersion what it reports as its version
 * @param poll how often the register is read
 * @param heartbeat how often it reports itself
 * @param recheck how long a refused writer waits before it asks the fence again; a little is added or taken off at random
 * @param mirrorDeadline a mirror that has not begun and ended within this time is given up
 * @param mirrorQueue mirrors that may wait for one database; more are given up at once
 * @param failpoints what happens at the named points; nothing in production
 */
public record ProxyOptions(
        String instanceId,
        String toolVersion,
        Duration poll,
        Duration heartbeat,
        Duration recheck,
        Duration mirrorDeadline,
        int mirrorQueue,
        Failpoints failpoints) {

    /** The values meant for production. */
    public static ProxyOptions of(String instanceId) {
        return new ProxyOptions(
                instanceId,
                "0.1.0",
                Duration.ofMillis(150),
                Duration.ofMillis(500),
                Duration.ofMillis(15),
                Duration.ofSeconds(2),
                512,
                Failpoints.ofThisJvm());
    }

    public ProxyOptions withMirrorDeadline(Duration newDeadline) {
        return new ProxyOptions(
                instanceId, toolVersion, poll, heartbeat, recheck, newDeadline, mirrorQueue, failpoints);
    }

    public ProxyOptions withFailpoints(Failpoints newFailpoints) {
        return new ProxyOptions(
                instanceId, toolVersion, poll, heartbeat, recheck, mirrorDeadline, mirrorQueue, newFailpoints);
    }

    public ProxyOptions withPoll(Duration newPoll) {
        return new ProxyOptions(
                instanceId, toolVersion, newPoll, heartbeat, recheck, mirrorDeadline, mirrorQueue, failpoints);
    }
}
