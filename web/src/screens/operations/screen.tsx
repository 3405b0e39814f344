/**
 * Operations: the list, and the page of one.
 */
import type { ScreenProps } from "../../route.ts";
import type { Children } from "../../ui/props.ts";
import { OperationList } from "./operation-list.tsx";
import { OperationPage } from "./operation-page.tsx";
import "../plans/plans.css";
import "./operations.css";

/** See the file head. */
export default function OperationsScreen({ product, id }: ScreenProps): Children {
  return id === undefined ? (
    <OperationList product={product} />
  ) : (
    <OperationPage key={id} product={product} id={id} />
  );
}
