package dev.cutover.coupon;

import dev.cutover.core.CutoverException;
import dev.cutover.core.plan.PlanReader;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;

/** Runs one instance until the process is told to end; configured by the environment alone. */
public final class CouponServiceMain {
    private CouponServiceMain() {}

    public static void main(String[] arguments) throws InterruptedException {
        CountDownLatch ended = new CountDownLatch(1);
        try {
            ServiceSettings settings = ServiceSettings.read(
                    System.getenv(), "coupon-" + ProcessHandle.current().pid());
            CouponService service = CouponService.start(
                    PlanReader.read(settings.config()),
                    new CouponService.Options(
                            settings.port(),
                            settings.instance(),
                            settings.redis(),
                            settings.writeBudget(),
                            InstantSource.system(),
                            settings.messageCentre(),
                            settings.codeKeys(),
                            settings.tokens(),
                            settings.stock(),
                            settings.tags(),
                            settings.docs(),
                            settings.proxies(),
                            settings.ownRedis(),
                            settings.archiveAge(),
                            settings.webhooksAnywhere(),
                            settings.userRedis(),
                            settings.replicas()));
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(
                            () -> {
                                service.close();
                                ended.countDown();
                            },
                            "coupon-shutdown"));
            System.out.println("coupon-service ready on http://127.0.0.1:" + service.port());
            System.out.flush();
            ended.await();
        } catch (CutoverException e) {
            // No stack: the message says what to do, and it is for whoever started the process.
            System.err.println("coupon-service: " + e.getMessage());
            System.exit(2);
        }
    }
}
