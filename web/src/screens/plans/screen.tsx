/**
 * Plans: the form that asks for one (`rebalance`, and `plans` without an id), and the page of one.
 */
import type { ScreenProps } from "../../route.ts";
import type { Children } from "../../ui/props.ts";
import { PlanPage } from "./plan-page.tsx";
import { RebalanceForm } from "./rebalance-form.tsx";
import "./plans.css";

/** See the file head. */
export default function PlansScreen({ product, id }: ScreenProps): Children {
  return id === undefined ? (
    <RebalanceForm product={product} />
  ) : (
    <PlanPage key={id} product={product} id={id} />
  );
}
