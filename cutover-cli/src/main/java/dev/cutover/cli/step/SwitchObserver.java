package dev.cutover.cli.step;

/** Hears of each durable point on the coordinator's thread, so that a test can let the coordinator die exactly there. */
public interface SwitchObserver {
    void reached(SwitchPoint point);

    static SwitchObserver none() {
        return point -> {};
    }
}
